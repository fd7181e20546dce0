"""What every model and loop needs to know of tensors: masks, embedding, rows of states, evaluation mode."""
