"""What a job returned, and everything else about one job."""
