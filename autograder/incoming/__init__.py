"""What comes in while a class works: collected from a system, or watched for."""
