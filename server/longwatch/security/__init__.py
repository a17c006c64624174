"""Who may talk to the server: tokens, hosts, origins."""
