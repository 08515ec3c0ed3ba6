"""What a signal is: its folded views, numbers measured on them, and the classifier of planets, binaries and other signals."""
