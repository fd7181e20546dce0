"""Pages: one self-contained HTML file of runs, or of a corpus. Reads what runs and evaluation wrote; trains nothing."""
