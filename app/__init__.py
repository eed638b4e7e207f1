"""The Streamlit app: a thin skin over `hypuml`. Start it with `streamlit run app/main.py`."""
