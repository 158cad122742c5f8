"""What is handed out about one person: everything held, as data, as a page and as a PDF, with what Art. 15 wants told beside it."""
