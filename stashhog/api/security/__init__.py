"""Who may come in: addresses, passwords, tokens, and the one gate in front of every route.

`origins` judges hosts and origins · `peers` finds out who the client is · `passwords` hashes ·
`attempts` slows guessing down · `tokens` signs · `doors` knows what credentials exist and who holds
which · `gate` is the ASGI layer that asks.
"""
