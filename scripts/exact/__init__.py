"""What is exact where every sequence can be listed, and how far estimators are from it: `scripts/estimators`."""
