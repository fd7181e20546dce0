"""What must not break the package: bad texts, settings, run folders, metric inputs and command lines, one case each."""
