"""LEARN: from a log of who took up what and when, how strongly each account influences each other one."""
