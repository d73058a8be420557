"""The run on one machine: synthetic sources, the three services, the job, and what came out."""
