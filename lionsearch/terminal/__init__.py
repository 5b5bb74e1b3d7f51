"""What is printed for people: tables, progress, and names of others as plain characters."""
