"""The fixed words of what is handed out to a person, one language a file, by the English text; what a file lacks is said in English."""
