"""Why something was decided about a person, in words that they read (Art. 15(1)(h)): one language a file, by the English text where it is made.

They speak to the person. The makers: `campaigns.why_words` and `newsletters.chosen` of messages, the kinds of conditions of segments.
"""

from troth.privacy.exporting.reasons import de, es, fr

__all__ = ["de", "es", "fr"]
