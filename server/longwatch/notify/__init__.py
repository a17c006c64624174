"""Word of a job's end, to places that whoever runs the server has named."""
