"""The agreements with whoever runs the installation."""
