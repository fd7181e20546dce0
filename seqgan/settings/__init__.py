"""Settings as typed records: what they may be, what their files looked like before. No model and no tensor is here."""
