"""The token endpoint: OAuth 2.0 client credentials and the public keys, over HTTP behind the edge."""
