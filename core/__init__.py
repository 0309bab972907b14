"""The vocabulary of Liaison: frozen values, ports and the error tree. Standard library only; imports nobody."""
