"""The engine beside a plain loop of requests, both as whole processes, against one endpoint of this machine."""
