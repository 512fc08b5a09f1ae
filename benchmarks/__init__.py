"""What recording and scraping cost, beside peers in the same process: ``make bench``."""
