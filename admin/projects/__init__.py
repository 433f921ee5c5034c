"""What can be done with a whole project of a system?"""
