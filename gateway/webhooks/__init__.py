"""What happened, told to programs: events posted to webhooks, by Standard Webhooks."""
