"""What an article says, as text: sentences, numbers with units, amounts and how they are written."""
