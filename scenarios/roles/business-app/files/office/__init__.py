"""A business application for a few people: log-in, pages, audit. What it is for is a module of its own (orders, tickets)."""
