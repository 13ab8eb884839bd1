"""The REST surface for those who don't run Envoy: a program in Go, and what it shares with the edge."""
