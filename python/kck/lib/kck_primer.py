"""`KCKPrimer` of 0.6.3."""

from kck.primer06 import QUERY_TYPE_DICTS, QUERY_TYPE_ROWS, KCKPrimer, refresh_for_param_dict_list

__all__ = ["QUERY_TYPE_DICTS", "QUERY_TYPE_ROWS", "KCKPrimer", "refresh_for_param_dict_list"]
