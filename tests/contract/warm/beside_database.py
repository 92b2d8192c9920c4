import os
import sqlite3

connection = sqlite3.connect(os.path.join(os.environ["GENESIS_WORK_DIR"], "visits.db"))
connection.execute("create table visits (n integer)")
