"""What ships beside the code: the dashboard, its provisioning, the image and the compose example."""
