"""What is held where: the model, its format and the room that a text speaks of, clause by clause."""
