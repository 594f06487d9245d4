"""Read: graphs, events and posts from files and tables; and graphs that are generated."""
