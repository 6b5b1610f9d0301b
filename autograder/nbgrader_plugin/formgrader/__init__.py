"""What Formgrader's page of a submission is made with: filters, and a template."""
