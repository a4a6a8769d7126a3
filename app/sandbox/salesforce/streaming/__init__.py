"""The Streaming API: change events over CometD, by long polling."""
