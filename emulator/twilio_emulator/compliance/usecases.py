"""What a US campaign can be for: the codes of The Campaign Registry, as Twilio lists them."""

from __future__ import annotations

__all__ = ["SOLE_PROPRIETOR", "USECASES"]

SOLE_PROPRIETOR = "SOLE_PROPRIETOR"
"""The one use case of a sole proprietor's brand."""

_LIST = (
    ("2FA", "Two-Factor authentication (2FA)", "One-time passwords and password resets", False),
    ("ACCOUNT_NOTIFICATION", "Account Notification", "Reminders, alerts and notifications", False),
    ("AGENTS_FRANCHISES", "Agents and Franchises", "Brands with several agents, franchises or offices", True),
    ("CHARITY", "Charity", "501(c)(3) charities, religious organizations excepted", False),
    ("PROXY", "Proxy", "Messages between people by pooled numbers", True),
    ("CUSTOMER_CARE", "Customer Care", "Customer care, account management and support", False),
    ("DELIVERY_NOTIFICATION", "Delivery Notification", "The state of a delivery", False),
    ("EMERGENCY", "Emergency", "Public safety and health in an emergency", True),
    ("FRAUD_ALERT", "Fraud Alert Messaging", "Suspected fraud", False),
    ("HIGHER_EDUCATION", "Higher Education", "Colleges and universities", False),
    ("K12_EDUCATION", "K-12 Education", "Schools, school districts excepted", True),
    ("LOW_VOLUME", "Low Volume Mixed", "Several use cases and little traffic", False),
    ("MARKETING", "Marketing", "Marketing and promotion", False),
    ("MIXED", "Mixed", "Several use cases", False),
    ("POLITICAL", "Political", "Election campaigns", False),
    ("POLLING_VOTING", "Polling and voting", "Surveys and votes that are not political", False),
    ("PUBLIC_SERVICE_ANNOUNCEMENT", "Public Service Announcement", "Raising awareness of a cause", False),
    ("SECURITY_ALERT", "Security Alert", "A system was compromised", False),
    ("SOCIAL", "Social", "Influencers and communities", True),
    ("SWEEPSTAKE", "Sweepstake", "Sweepstakes", True),
)

USECASES = tuple(
    {"code": code, "name": name, "description": description, "post_approval_required": review}
    for code, name, description, review in _LIST
)
