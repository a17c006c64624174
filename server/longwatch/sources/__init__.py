"""What queries run against: the sources a server knows, their secrets, and the queries it keeps."""
