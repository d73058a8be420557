"""What the job is told, and the Spark session it runs on."""
