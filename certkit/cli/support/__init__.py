"""What several verbs need: the terminal, the process's environment and the clock."""
