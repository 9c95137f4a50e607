"""speechocean762: English read by 250 Mandarin speakers, adults and children."""
