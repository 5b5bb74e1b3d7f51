"""What ties search, workers and archive together: runs, their configuration and verdict; tuning."""
