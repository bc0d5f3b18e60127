"""Tasks: what metanets are trained to do, each in a file of its own.

`pipelines.tasks.registry` has them by name, and makes one by its settings. The train stage,
`gmn search`, `gmn evaluate` and the report know no more of a task than `pipelines.tasks.task.Task`
says.
"""
