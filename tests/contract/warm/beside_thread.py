import threading

done = threading.Event()
threading.Thread(target=done.set).start()
