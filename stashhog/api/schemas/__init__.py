"""What goes in and out over HTTP, as pydantic models; one module for each group of routes.

Response models inherit `ApiModel`, queries `QueryModel` or `ListQuery`, bodies `BodyModel`.
"""
