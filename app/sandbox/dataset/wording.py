"""The words of Northwind Telecom's catalog: product families, add-ons, items, campaigns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meter:
    """Something counted and billed by use: a usage type and the service that bills it."""

    code: str
    label: str
    unit: str
    rate: str  # US dollars a unit in the first tier


@dataclass(frozen=True, slots=True)
class Family:
    """One line of products; `code` is part of every client-defined id."""

    code: str
    label: str
    masters: tuple[str, ...]
    addons: tuple[str, ...]
    meters: tuple[Meter, ...]
    fee: str  # US dollars a month of the smallest edition


FAMILIES = (
    Family(
        "VOICE",
        "Cloud voice",
        ("Cloud PBX", "SIP Trunk", "Team Calling"),
        ("Call Recording", "Extra Numbers", "Voice Menu Designer", "Fax to Mail", "Call Queue"),
        (
            Meter("VOICE-NAT", "National minutes", "minute", "0.01275"),
            Meter("VOICE-EU", "Minutes to the EU", "minute", "0.02390"),
            Meter("VOICE-WORLD", "International minutes", "minute", "0.11500"),
        ),
        "12.90",
    ),
    Family(
        "FIBRE",
        "Fibre access",
        ("Fibre 250", "Fibre 500", "Fibre 1000", "Fibre Symmetric"),
        ("Static IP Block", "Guest Wi-Fi", "LTE Backup", "Priority Repair"),
        (
            Meter("FIBRE-BURST", "Burst traffic", "gigabyte", "0.04500"),
            Meter("FIBRE-VISIT", "Technician visits", "visit", "89"),
        ),
        "49.90",
    ),
    Family(
        "MOBILE",
        "Business mobile",
        ("Mobile Flat", "Mobile Data", "Mobile Shared Pool"),
        ("Roaming World", "Roaming EU Plus", "Multi SIM", "Device Insurance", "Data Top-up"),
        (
            Meter("MOBILE-SMS", "Text messages", "message", "0.00395"),
            Meter("MOBILE-DATA", "Mobile data", "gigabyte", "1.25000"),
            Meter("MOBILE-ROAM", "Roaming data", "megabyte", "0.00215"),
        ),
        "19.00",
    ),
    Family(
        "SAAS",
        "Software subscriptions",
        ("Desk Suite", "Mail Hosting", "Document Vault"),
        ("Additional Seats", "E-Signature", "Archive", "Single Sign-on"),
        (
            Meter("SAAS-API", "API calls", "call", "0.00012"),
            Meter("SAAS-STORE", "Storage", "gigabyte", "0.07900"),
        ),
        "8.50",
    ),
    Family(
        "SUPPORT",
        "Support and care",
        ("Care Basic", "Care Advanced"),
        ("Named Engineer", "Weekend Cover", "On-site Spare Parts", "Quarterly Review"),
        (
            Meter("SUPPORT-HOUR", "Support hours", "hour", "95"),
            Meter("SUPPORT-CASE", "Support cases", "case", "12.50000"),
        ),
        "35.00",
    ),
    Family(
        "WAN",
        "Site networking",
        ("SD-WAN", "MPLS VPN", "Ethernet Line"),
        ("Extra Site", "Traffic Shaping", "Encrypted Overlay", "Hot Standby Router"),
        (
            Meter("WAN-TRAFFIC", "Site traffic", "gigabyte", "0.01900"),
            Meter("WAN-CHANGE", "Change requests", "request", "25"),
        ),
        "79.00",
    ),
    Family(
        "SECURE",
        "Security",
        ("Managed Firewall", "Endpoint Guard"),
        ("Threat Feed", "Log Retention", "Penetration Test", "Phishing Trainer"),
        (
            Meter("SECURE-LOG", "Log volume", "gigabyte", "0.32000"),
            Meter("SECURE-SCAN", "Scans", "scan", "0.75000"),
        ),
        "27.50",
    ),
    Family(
        "IOT",
        "Internet of things",
        ("IoT Connect", "Fleet Tracking"),
        ("Private APN", "Sensor Pack", "Geofencing", "Over-the-air Updates"),
        (
            Meter("IOT-MSG", "Device messages", "message", "0.00004"),
            Meter("IOT-DATA", "Device data", "megabyte", "0.00870"),
        ),
        "2.40",
    ),
    Family(
        "CONTACT",
        "Contact centre",
        ("Contact Centre", "Chat Desk"),
        ("Outbound Dialler", "Speech Analytics", "Workforce Planning", "Screen Capture"),
        (
            Meter("CONTACT-MIN", "Agent minutes", "minute", "0.01850"),
            Meter("CONTACT-CHAT", "Chat sessions", "session", "0.04250"),
        ),
        "45.00",
    ),
    Family(
        "HOST",
        "Hosting",
        ("Virtual Server", "Managed Database", "Web Hosting"),
        ("Daily Backup", "Load Balancer", "Object Storage", "Public Address"),
        (
            Meter("HOST-CPU", "Processor hours", "hour", "0.03175"),
            Meter("HOST-EGRESS", "Outgoing traffic", "gigabyte", "0.08500"),
        ),
        "15.00",
    ),
    Family(
        "WHOLE",
        "Wholesale",
        ("Wholesale Voice", "Bitstream Access"),
        ("Number Porting", "Colocation Unit", "Cross Connect", "Emergency Routing"),
        (
            Meter("WHOLE-MIN", "Transit minutes", "minute", "0.00385"),
            Meter("WHOLE-PORT", "Ported numbers", "number", "1.10000"),
        ),
        "120.00",
    ),
)

MASTER_EDITIONS = ("Starter", "Business", "Professional", "Enterprise")
ADDON_EDITIONS = ("", "Plus", "Unlimited")

# Services that appear on plans of several families, as Aria's client-wide services do.
SHARED_SERVICES = (
    ("REG-FEE", "Regulatory recovery fee", "Recurring", "4600"),
    ("PAPER-BILL", "Paper invoice", "Recurring Arrears", "4610"),
    ("EARLY-END", "Early termination", "Cancellation", "4620"),
    ("MIN-SPEND", "Minimum monthly spend", "Minimum Fee", "4630"),
    ("EQUIP-RENT", "Equipment rental", "Recurring", "4640"),
    ("NUMBER-RENT", "Number rental", "Recurring", "4650"),
    ("LATE-VISIT", "Missed appointment", "Order-Based", "4660"),
)

ITEM_BASES = (
    ("PHONE", "Desk phone", "89.00"),
    ("HEADSET", "Headset", "59.90"),
    ("ROUTER", "Access router", "249.00"),
    ("SWITCH", "Office switch", "179.00"),
    ("WIFI", "Wi-Fi access point", "139.50"),
    ("SIM", "SIM card", "4.95"),
    ("SENSOR", "Temperature sensor", "34.20"),
    ("CABLE", "Patch cable set", "19.90"),
    ("CAMERA", "Meeting camera", "329.00"),
    ("INSTALL", "Installation service", "180.00"),
    ("TRAIN", "Administrator training", "650.00"),
    ("PORTING", "Number porting service", "15.00"),
)
ITEM_VARIANTS = ("Compact", "Standard", "Plus", "Rugged", "Refurbished")

CAMPAIGNS = (
    ("SPRING", "Spring campaign"),
    ("WELCOME", "New customers"),
    ("LOYAL", "Loyal customers"),
    ("PARTNER", "Partner referral"),
    ("FAIR", "Trade fair"),
    ("SWITCH", "Switching from another provider"),
    ("NONPROFIT", "Non-profit organisations"),
    ("STARTUP", "Start-up programme"),
    ("BLACKWEEK", "Black week"),
    ("BUNDLE", "Voice &amp; data bundle"),
)
DISCOUNTS = (5, 10, 15, 25)

COUPON_SCOPES = ("", "Whole account", "Master plans", "Supplemental plans")
