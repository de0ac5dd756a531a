"""What lies around untrusted code, put on by its own process: limits, Landlock, seccomp; `layers` knows the order."""
