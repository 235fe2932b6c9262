"""What the operations do, a subject a file. Each is `act(api, call)` and answers or refuses."""
