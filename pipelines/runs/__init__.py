"""Runs: what is trained, one model and one seed each, and the folders that keep the results.

A stage that trains lists its runs (`job`), makes those that are not there yet (`processes`), each
in a hidden folder of its own where it may be stopped and taken up again (`checkpoint`), and puts
them in their places together (`collection`). A finished run is a sealed folder (`result`).
"""
