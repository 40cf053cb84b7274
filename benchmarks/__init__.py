"""How fast the SDK is compared with its peers, and proofs of the figures that bulk work promises."""
