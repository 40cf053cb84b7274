from squareconnect.models._enumeration import Enumeration


class CardBrand(Enumeration):
    """The brands of cards."""

    OTHER_BRAND = "OTHER_BRAND"
    VISA = "VISA"
    MASTERCARD = "MASTERCARD"
    AMERICAN_EXPRESS = "AMERICAN_EXPRESS"
    DISCOVER = "DISCOVER"
    DISCOVER_DINERS = "DISCOVER_DINERS"
    JCB = "JCB"
    CHINA_UNIONPAY = "CHINA_UNIONPAY"
    SQUARE_GIFT_CARD = "SQUARE_GIFT_CARD"

    # Newer than 2.x.
    SQUARE_CAPITAL_CARD = "SQUARE_CAPITAL_CARD"
    INTERAC = "INTERAC"
    EFTPOS = "EFTPOS"
    FELICA = "FELICA"
    EBT = "EBT"
    QUICPAY = "QUICPAY"
    ID = "ID"
    TRANSPORTATION_IC = "TRANSPORTATION_IC"
    CARNET = "CARNET"
