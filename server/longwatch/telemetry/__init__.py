"""What whoever runs a server can watch it by: metrics, and traces where they are asked for."""
