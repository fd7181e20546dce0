"""What a machine with an accelerator is checked by: `scripts/device_check` is flags around `session.go_on`."""
