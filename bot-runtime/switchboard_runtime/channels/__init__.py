"""Between the outside's formats and the engine's: Twilio's forms, Twilio's REST API, TwiML, our own JSON."""
