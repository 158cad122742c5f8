"""What messages say: Liquid templates, the e-mail made from them, and its text part."""
