"""The other side of the socket: the fork server, and the workers that it forks, which answer."""
