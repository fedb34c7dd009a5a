"""The Switchboard operator: makes what tenants' YAML says true in Kubernetes and at Twilio, and keeps it true."""
