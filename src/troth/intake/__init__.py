"""The one door: wire formats, commands, the batch writer, and the actor that folds what came in into history."""
