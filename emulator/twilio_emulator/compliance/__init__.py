"""A2P 10DLC brands and campaigns, and toll-free verifications: reviews that take their time."""
